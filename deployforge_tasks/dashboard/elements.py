"""Elements that several pages have: values that change while a page is looked at, and what leads to an action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from deployforge_tasks.access.roles import Permission, lowest_role

if TYPE_CHECKING:
    from deployforge_tasks.dashboard.guard import Visitor
    from deployforge_tasks.dashboard.values import Values


def bind(values: Values, key: str, looks: str = "state", *, label: str = "") -> Markup:
    """An element that shows a value, and changes with it while the page is looked at (``live.js``).

    Args:
        values: every value of the page.
        key: which one.
        looks: the class of a state's element.
        label: what a bar measures.
    """
    value = values[key]
    if isinstance(value, float):
        told = Markup('<progress data-bind="{}" aria-label="{}" max="1" value="{}">{:.0%}</progress>')
        return told.format(key, label, value, value)
    if isinstance(value, str):
        return Markup('<span data-bind="{}">{}</span>').format(key, value)
    if "began" in value:
        return Markup('<span data-bind="{}" data-began="{}">{}</span>').format(key, value["began"], value["text"])
    told = Markup(
        '<span data-bind="{}" data-look="{}" class="{} {}"{}>'
        '<span aria-hidden="true">{}</span> <span{}>{}</span></span>'
    )
    title = Markup(' title="{}"').format(value["title"]) if "title" in value else ""
    hidden = "" if "word" in value else Markup(' class="sr"')
    word = value.get("word", value.get("title", ""))
    return told.format(key, looks, looks, value["kind"], title, value["glyph"], hidden, word)


def action(
    visitor: Visitor | None, permission: Permission, path: str, word: str, looks: str = "", *, key: str = ""
) -> Markup:
    """A link that looks like a button, and is pressed by a key if it has one; who may not go there sees why."""
    if visitor is not None and visitor.can(permission):
        pressed = Markup(' data-key="{}"').format(key) if key else ""
        return Markup('<a class="button {}" href="{}"{}>{}</a>').format(looks, path, pressed, word)
    why = f"needs the role {lowest_role(permission)}"
    unpressed = Markup(' data-no-key="{}"').format(key) if key else ""
    return Markup('<button disabled title="{}"{}>{}<span class="sr">, {}</span></button>').format(
        why, unpressed, word, why
    )
