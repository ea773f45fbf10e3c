"""Addresses as comparable tokens: the same street written in two ways gives the same tokens."""

import re

from contracts.names import fold

# USPS Publication 28 and La Poste (NF Z 10-011) abbreviations: each spelling to one token.
_WORDS = {
    **dict.fromkeys(["street", "str", "strt"], "st"),
    **dict.fromkeys(["avenue", "aven", "avn", "av"], "ave"),
    **dict.fromkeys(["road"], "rd"),
    **dict.fromkeys(["drive", "driv", "drv"], "dr"),
    **dict.fromkeys(["lane"], "ln"),
    **dict.fromkeys(["court", "crt"], "ct"),
    **dict.fromkeys(["circle", "circ", "crcl"], "cir"),
    **dict.fromkeys(["place"], "pl"),
    **dict.fromkeys(["boulevard", "boul", "bvd", "bd"], "blvd"),
    **dict.fromkeys(["parkway", "pky", "pkway"], "pkwy"),
    **dict.fromkeys(["highway", "hiway", "hway"], "hwy"),
    **dict.fromkeys(["terrace", "terr"], "ter"),
    **dict.fromkeys(["trail"], "trl"),
    **dict.fromkeys(["square"], "sq"),
    **dict.fromkeys(["county"], "cty"),
    **dict.fromkeys(["mount"], "mt"),
    **dict.fromkeys(["saint", "sainte", "ste"], "st"),
    **dict.fromkeys(["allee", "allees"], "all"),
    **dict.fromkeys(["impasse"], "imp"),
    **dict.fromkeys(["chemin"], "che"),
    **dict.fromkeys(["route"], "rte"),
    **dict.fromkeys(["residence"], "res"),
    **dict.fromkeys(["batiment"], "bat"),
    **dict.fromkeys(["faubourg", "fbg"], "fg"),
    **dict.fromkeys(["apartment", "appartement", "appt", "app", "number", "num", "no", "unit", "suite"], "apt"),
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
}


def street_tokens(line: str) -> str:
    """A street line as folded tokens with one spelling per common word, in their order."""
    tokens = [_WORDS.get(token, token) for token in fold(line.replace("#", " apt ")).split()]
    collapsed = [token for i, token in enumerate(tokens) if i == 0 or token != tokens[i - 1]]
    return " ".join(collapsed)


def split_address_line(line: str) -> tuple[str, str | None, str | None]:
    """Street, postcode and city of an address in one line (`12 rue X, 75011 Paris` or `12 X St, City, WA 98101`).

    What cannot be told apart stays in the street.
    """
    match = re.search(r"(?<![,\s])[,\s]++(\d{5})(?:-\d{4})?[\s,]++(\D++)$", line)  # possessive: linear in the line
    if match:
        return line[: match.start()].strip(" ,"), match.group(1), match.group(2).strip(" ,")
    match = re.search(r",\s*+([^,\d]+),\s*(?:[A-Za-z]{2}\s+)?(\d{5})(?:-\d{4})?\s*$", line)
    if match:
        return line[: match.start()].strip(" ,"), match.group(2), match.group(1).strip()
    return line.strip(" ,"), None, None
