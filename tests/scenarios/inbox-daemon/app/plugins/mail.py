# SPDX-License-Identifier: Apache-2.0
"""Letters: their attachments."""
import email
import email.policy

from intake import OUT


class Plugin:
    patterns = ["*.eml"]

    def __init__(self, _):
        pass

    def handle(self, path, inside):
        with open(path, "rb") as file:
            message = email.message_from_binary_file(
                file, policy=email.policy.default)
        folder = OUT / "letters" / inside.parts[0] / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for part in message.iter_attachments():
            # HOLE: the sender chooses the name.
            (folder / part.get_filename()).write_bytes(
                part.get_payload(decode=True))
            count += 1
        (folder / "text.txt").write_text(
            message.get_body(("plain",)).get_content(), encoding="utf-8")
        return f"{count} attachments of {message['from']}"
