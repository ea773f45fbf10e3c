"""The rules of this installation: a sector's that come with the product, or a file of its own."""

from contracts.settings import Settings
from engagement.zones.rule_file import BadRules, Rules, load_rules, shipped

SECTOR = "retail"
"""The sector of an installation that has set no rules."""


def installed_rules(settings: Settings) -> Rules:
    """The rules in force; raises BadRules for a file with anything wrong, gaps and contradictions too."""
    if settings.zones_file is None:
        return shipped(SECTOR)
    # What checks rules as a whole takes time and memory, which is spared where the rules are those that are tested.
    from engagement.zones.checking import problems

    rules = load_rules(settings.zones_file)
    if wrong := problems(rules):
        raise BadRules("\n".join(f"{settings.zones_file}: {one}" for one in wrong))
    return rules
