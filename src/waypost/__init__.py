"""Waypost: a self-hosted WhatsApp messaging gateway."""

__version__ = "0.1.0"
