"""When a machine is enough and when a person has to come in: pure rules and states, without IO."""
