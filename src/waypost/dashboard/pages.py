"""The pages of the dashboard, in the order of the navigation. Another page is a file and a line here."""

from waypost.dashboard.connect_pages import ConnectPages
from waypost.dashboard.delivery_pages import DeliveryPages
from waypost.dashboard.instance_pages import InstancePages
from waypost.dashboard.live import LivePages
from waypost.dashboard.page import Page
from waypost.dashboard.parts import Parts
from waypost.dashboard.queue_pages import QueuePages
from waypost.dashboard.token_pages import TokenPages
from waypost.dashboard.webhook_pages import WebhookPages


def pages(parts: Parts) -> list[Page]:
    """All of them."""
    return [
        *InstancePages(parts).pages(),
        *ConnectPages(parts).pages(),
        *QueuePages(parts).pages(),
        *WebhookPages(parts).pages(),
        *DeliveryPages(parts).pages(),
        *TokenPages(parts).pages(),
        *LivePages(parts).pages(),
    ]
