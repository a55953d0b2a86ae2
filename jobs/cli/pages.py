"""Printable pages in Dutch: HTML from the templates beside this file. Everything put in is escaped."""

from __future__ import annotations

from datetime import datetime
from importlib import resources
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from jobs.cli import dutch

_TEMPLATES = ("page.html", "preview.html", "sheet.html")


def page(name: str, **content: Any) -> str:
    """Give a page of the template `name`."""
    folder = resources.files("jobs.cli") / "templates"
    texts = {one: (folder / one).read_text("utf-8") for one in _TEMPLATES}
    environment = Environment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"moment": dutch.moment, "day": dutch.day}
    return environment.get_template(name).render(**content)


def taken(now: datetime) -> str:
    """Say when a page was made."""
    return dutch.moment(now)
