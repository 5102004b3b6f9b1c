"""The step between a form and its saving: what would move (item 223)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from devices.forecast import Flow, Forecast, Load
from devices.models import Streamer
from portal.installation.common import Request

SURE, BACK = "sure", "back"


class Way(NamedTuple):
    """A flow with the names of its streamers; empty for none."""

    source: str
    target: str
    flow: Flow


def is_sure(request: Request) -> bool:
    """Whether what would move was seen already."""
    return SURE in request.POST


def is_back(request: Request) -> bool:
    """Whether he would rather change the form again."""
    return BACK in request.POST


def preview(request: Request, form: forms.BaseForm, told: Forecast, title: str) -> HttpResponse:
    """The page that asks whether to save really. It carries what was typed, so nothing is kept meanwhile."""
    context = {"form": form, "title": title, **described(told)}
    return render(request, "installation/preview.html", context)


def described(told: Forecast) -> dict[str, Any]:
    """A forecast with names for its tables."""
    names = dict(Streamer.objects.values_list("pk", "hostname"))
    return {"told": told, "ways": list(_ways(told, names)), "loads": list(_loads(told, names))}


def _ways(told: Forecast, names: dict[int, str]) -> Iterable[Way]:
    for flow in told.flows:
        yield Way(names.get(flow.source or 0, ""), names.get(flow.target or 0, ""), flow)


def _loads(told: Forecast, names: dict[int, str]) -> Iterable[tuple[str, Load]]:
    for load in told.loads:
        yield names.get(load.machine, ""), load
