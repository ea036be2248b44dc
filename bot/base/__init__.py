"""What every room of the bot stands on. Imports none of them."""
