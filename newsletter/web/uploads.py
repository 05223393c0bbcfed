"""Refuse uploads, except a library's file, which stays in memory: nothing is stored."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from newsletter.web.bounds import MOST_FILE_BYTES, takes_file


class LibraryFile(FileUploadHandler):
    """Skips every other file; Django would write it to /tmp before a view runs."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.request is None or not takes_file(self.request.path_info):
            raise SkipFile
        self._content = bytearray()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:  # noqa: ARG002 - Django's signature
        if len(self._content) <= MOST_FILE_BYTES:  # one byte more says that it is too long
            self._content += raw_data
        return None

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:  # noqa: ARG002
        content = BytesIO(bytes(self._content))
        return InMemoryUploadedFile(
            content, self.field_name, self.file_name, self.content_type, len(self._content), self.charset
        )
