# Made by `python -m scripts.api` from the operations.
from waypost.client import calls
from waypost.client.awaiting import AsyncBound, answered, queued


class AsyncInstance(AsyncBound):
    """The calls of one instance."""

    send_voice = queued(calls.send_voice)
    send_text = queued(calls.send_text)
    send_text_safe = queued(calls.send_text_safe)
    send_file = queued(calls.send_file)
    send_image = queued(calls.send_image)
    send_sticker = queued(calls.send_sticker)
    send_video = queued(calls.send_video)
    send_location = queued(calls.send_location)
    send_contact_card = queued(calls.send_contact_card)
    react_to_message = queued(calls.react_to_message)
    delete_message = queued(calls.delete_message)
    start_typing = queued(calls.start_typing)
    stop_typing = queued(calls.stop_typing)
    list_queued_requests = answered(calls.list_queued_requests)
    get_queued_request = answered(calls.get_queued_request)
    cancel = answered(calls.cancel)
    retry = answered(calls.retry)
    request_new_qr_code = answered(calls.request_new_qr_code)
    qr_code = answered(calls.qr_code)
    health = answered(calls.health)
    restart = answered(calls.restart)
    logout = answered(calls.logout)
    change = answered(calls.change)
    delete = answered(calls.delete)
    create_webhook = answered(calls.create_webhook)
    list_webhooks = answered(calls.list_webhooks)
    change_webhook = answered(calls.change_webhook)
    delete_webhook = answered(calls.delete_webhook)
    webhooks_test = answered(calls.webhooks_test)
    list_webhooks_deliveries = answered(calls.list_webhooks_deliveries)
    get_webhooks_deliverie = answered(calls.get_webhooks_deliverie)
    webhooks_deliveries_redeliver = answered(calls.webhooks_deliveries_redeliver)
    webhooks_redeliver = answered(calls.webhooks_redeliver)
    request_code = answered(calls.request_code)
    validate_code = answered(calls.validate_code)
    generate_link = answered(calls.generate_link)
