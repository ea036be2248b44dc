"""The page for whoever runs the bot: its files, and what its script asks for beside speech."""
