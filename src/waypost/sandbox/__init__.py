"""The emulated WhatsApp network.

It shares no code with the engine, so that one mistake can't fool both sides.
"""
