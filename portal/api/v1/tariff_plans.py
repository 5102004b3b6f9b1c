"""Billing plans (items 53, 207)."""

from __future__ import annotations

from rest_framework.response import Response

from portal.api.v1.schema import answers
from portal.api.v1.shapes import TariffPlansShape, plan_shapes
from portal.api.v1.views import Asked, V1View


class TariffPlansView(V1View):
    """`/tariff_plans`."""

    noun = "tariff_plans"

    @answers(TariffPlansShape, says="All available billing plans", name="tariff_plans_list")
    def get(self, request: Asked) -> Response:
        return Response({"tariff_plans": list(plan_shapes().values())})
