"""What every route shares: who asks, limits, headers, telemetry, worker processes."""
