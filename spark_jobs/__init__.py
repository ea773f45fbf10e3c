"""The batch flow: one job per file, each `main(args)` = read -> pure functions -> write."""
