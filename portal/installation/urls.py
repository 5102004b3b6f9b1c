"""Everything that exists at the installation's address. The next page: a row here and in tests/installation."""

from django.urls import URLPattern, path

from portal.installation import isps, second_factor, session, sizing, streamers, zones
from portal.pages import brand

handler404 = "portal.pages.errors.not_found"
handler500 = "portal.pages.errors.server_error"

urlpatterns: list[URLPattern] = [
    path("", isps.isps_page, name="home"),
    path("login", session.sign_in, name="login"),
    path("logout", session.sign_out, name="logout"),
    path("password", session.password, name="password"),
    path("second-factor", second_factor.page, name="second-factor"),
    path("second-factor/picture", second_factor.picture, name="second-factor-picture"),
    path("isps/new", isps.add, name="isp-add"),
    path("isps/<isp_id>", isps.isp_page, name="isp"),
    path("isps/<isp_id>/hosts", isps.change_hosts, name="isp-hosts"),
    path("isps/<isp_id>/switch", isps.switch, name="isp-switch"),
    path("isps/<isp_id>/invite", isps.invite, name="isp-invite"),
    path("isps/<isp_id>/support", isps.enter, name="isp-support"),
    path("streamers", streamers.streamers_page, name="streamers"),
    path("streamers/sizing", sizing.sizing_page, name="streamer-sizing"),
    path("streamers/new", streamers.add, name="streamer-add"),
    path("streamers/zones", zones.zones_page, name="streamer-zones"),
    path("streamers/zones/new", zones.add, name="streamer-zone-add"),
    path("streamers/zones/<slug:name>", zones.zone_page, name="streamer-zone"),
    path("streamers/zones/<slug:name>/remove", zones.remove, name="streamer-zone-remove"),
    path("streamers/<streamer_id>", streamers.streamer_page, name="streamer"),
    path("streamers/<streamer_id>/check", streamers.check, name="streamer-check"),
    path("streamers/<streamer_id>/key", streamers.renew_key, name="streamer-key"),
    path("streamers/<streamer_id>/remove", streamers.remove, name="streamer-remove"),
    path("log", isps.log_page, name="log"),
    path("brand.css", brand.stylesheet, name="brand-css"),
    path("brand/icon.svg", brand.mark, name="brand-icon"),
]
