"""What stands under lists."""

from bot.catalogue import gettext, ngettext


def page_of(page: int, pages: int) -> str:
    """Under a page of a list."""
    return gettext("Page {page} of {pages}", page=page, pages=pages)


def and_more(count: int) -> str:
    """At the end of a list that is too long."""
    return ngettext("and {count} more", "and {count} more", count)
