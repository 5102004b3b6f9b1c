"""Who may read what was used and billed. The columns are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system
"""

from __future__ import annotations

from tests.permissions.table_pages import get

# fmt: off
ROWS = [
    #                                        an  st  ne  vi  me  re  in  ow  ac  ad  sy
    get("/usage/",                          "302 403 403 403 403 403 403 403 200 200 302"),
    get("/usage/{org}",                     "302 404 403 403 403 403 403 200 200 200 302"),
    get("/invoices/",                       "302 403 403 403 403 403 403 403 200 200 302"),
    get("/invoices/?organization={org}",    "302 403 403 403 403 403 403 403 200 200 302"),
    get("/invoices/{invoice}",              "302 404 404 404 404 404 404 200 200 200 302"),
    get("/invoices/{invoice}/lines/{line}", "302 404 404 404 404 404 404 200 200 200 302"),
    get("/invoices/{mine.invoice}/lines/{line}", "302 404 404 404 404 404 404 200 200 200 302"),
    get("/costs/",                          "302 E   403 403 403 403 403 200 403 403 302"),
    get("/costs/?organization={org}",       "302 404 404 404 404 404 404 200 404 404 302"),
    get("/organizations/{org}/money",       "302 404 403 403 403 403 403 200 200 200 302"),
]
# fmt: on
