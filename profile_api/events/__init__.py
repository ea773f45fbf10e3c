"""Events as they happen, in the Segment spec."""
