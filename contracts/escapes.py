"""Text without the escapes in which programs pass it on."""

import html
import re

_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_CONTROL = re.compile(r"\\+[nrtbf]")
_ENTITY = re.compile(r"&[#A-Za-z]")


def unescaped(text: str) -> str:
    """Text with its JSON and HTML escapes decoded."""
    if "\\" in text:
        text = _CONTROL.sub(" ", _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))
    return html.unescape(text) if _ENTITY.search(text) else text
