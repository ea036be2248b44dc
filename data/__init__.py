"""SQLite: migrations, the store, typed rows. The only room with SQL in it."""
