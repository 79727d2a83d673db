import httpx

from waypost.cli.progress import Watched


def test_a_large_body_is_told_as_it_leaves_and_arrives_whole() -> None:
    body, arrived, told = bytes(range(256)) * 4000, [], []

    def answer(request: httpx.Request) -> httpx.Response:
        arrived.append(request.read())
        return httpx.Response(200)

    way = Watched(lambda count, total: told.append((count, total)), httpx.MockTransport(answer))
    with httpx.Client(transport=way) as http:
        http.post("http://gateway/", data={"chatId": "1"}, files={"file": ("a.mp3", body)})
        http.post("http://gateway/", files={"file": ("a.mp3", b"short")})
    assert [body in arrived[0], b"short" in arrived[1]] == [True, True]
    assert told[-1] == (len(arrived[0]), len(arrived[0]))
    assert len(told) > 10
    assert told == sorted(told)
