"""What bots ask for, over HTTP and over MCP, through the same gate."""
