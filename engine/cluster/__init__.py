"""Workers on other machines, by Ray. `relay` runs beside the bot, `actor` on a machine's side."""
