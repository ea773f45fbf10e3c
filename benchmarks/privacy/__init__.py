"""What privacy costs and whether it holds: the gate's matrix, decisions, withdrawal, erasure, and tampering."""
