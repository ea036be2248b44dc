"""SQLite: the schema and its migrations, and the only SQL of the project.

Imports none of the other rooms. Nothing outside this folder writes a statement or knows a column.
"""
