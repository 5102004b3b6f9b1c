"""Static files under names that carry their content's hash, so that browsers may keep them for ever."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Also inside ES modules: a new main.js must never import an old neighbour out of a browser's cache."""

    support_js_module_import_aggregation = True
