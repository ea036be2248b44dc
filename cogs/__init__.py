"""Slash commands: parse, call a service, reply. No logic worth testing alone."""
