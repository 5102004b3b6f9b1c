"""Who may do what by the billing dialect: administrators, by their passwords. The columns are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system
"""

from __future__ import annotations

from dataclasses import replace

from tests.permissions.rows import V1, Row

NEW = {"title": "x", "owner": "owner@example.org"}
ORG = "organizations/{org}"

# fmt: off
ROWS = [replace(row, base=V1) for row in [
    #                              an  st  ne  vi  me  re  in  ow  ac  ad  sy
    Row("GET", "tariff_plans",    "401 403 403 403 403 403 403 403 403 200 401"),
    Row("GET", "organizations",   "401 403 403 403 403 403 403 403 403 200 401"),
    Row("POST", "organizations",  "401 403 403 403 403 403 403 403 403 200 401", {"organization": NEW}, plain=True),
    Row("POST", "organizations",  "401 403 403 403 403 403 403 403 403 200 401",
        {"organization": {**NEW, "tariff_plans": ["{plan}"]}}, plain=True),
    Row("GET", ORG,               "401 403 403 403 403 403 403 403 403 200 401"),
    Row("PUT", ORG,               "401 403 403 403 403 403 403 403 403 200 401", {"organization": {"title": "x"}}, plain=True),
    Row("PUT", "organizations/{mine.org}", "401 403 403 403 403 403 403 403 403 200 401",
        {"organization": {"tariff_plans": ["{plan}"]}}, plain=True),
    Row("DELETE", ORG,            "401 403 403 403 403 403 403 403 403 204 401", plain=True),
]]
# fmt: on
