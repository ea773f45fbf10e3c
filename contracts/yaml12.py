"""YAML 1.2 as people expect it: `no`, `NO` and `on` are words, 12:30 and 2024-05-01 are texts, keys are as written.

PyYAML reads YAML 1.1, in which a column named `no` or the country Norway is a boolean.
"""

import re
from typing import Any

import yaml

# The core schema of YAML 1.2, section 10.3.2.
_RESOLVED = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
    "null": (r"~|null|Null|NULL", "~nN"),
    "merge": (r"<<", "<"),
}


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader under the rules of YAML 1.2."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 -- PyYAML's own name for it

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        text = str(node.value)
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


for _tag, (_pattern, _first) in _RESOLVED.items():
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
# An empty value begins with no character at all.
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])
Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)


def load(text: str) -> Any:
    """The content of a YAML text."""
    return yaml.load(text, Loader=Loader)  # noqa: S506 -- a safe loader


def compose(text: str) -> yaml.Node | None:
    """The same as nodes, with the lines on which they stand."""
    return yaml.compose(text, Loader=Loader)
