"""Binary cyclic codes."""
