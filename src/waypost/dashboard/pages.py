"""The pages of the dashboard, in the order of the navigation. Another page is a file and a line here."""

from waypost.dashboard.chat_pages import ChatPages
from waypost.dashboard.connect_pages import ConnectPages
from waypost.dashboard.delivery_pages import DeliveryPages
from waypost.dashboard.handset_pages import HandsetPages
from waypost.dashboard.instance_pages import InstancePages
from waypost.dashboard.live import LivePages
from waypost.dashboard.page import Page
from waypost.dashboard.parts import Parts
from waypost.dashboard.queue_pages import QueuePages
from waypost.dashboard.token_pages import TokenPages
from waypost.dashboard.voice_pages import VoicePages
from waypost.dashboard.webhook_pages import WebhookPages


def pages(parts: Parts) -> list[Page]:
    """All of them."""
    return [
        *InstancePages(parts).pages(),
        *ConnectPages(parts).pages(),
        *ChatPages(parts).pages(),
        *VoicePages(parts).pages(),
        *HandsetPages(parts).pages(),
        *QueuePages(parts).pages(),
        *WebhookPages(parts).pages(),
        *DeliveryPages(parts).pages(),
        *TokenPages(parts).pages(),
        *LivePages(parts).pages(),
    ]
