"""What the routes of connections and tasks take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from similis.domain import Connection, Credentials, ImportSource, InvalidInput, Provider
from similis.gateway.rest._forms import JsonForm

_ENDPOINT = "Host, or `http(s)://host:port`, of S3 also `{bucket}.host`; the region's own if absent."
_BUCKET = "The only bucket that is reached; each import names one if absent."
_ROOT = "With `file`: absolute path of a directory named by `SIMILIS_IMPORT_ROOTS`, or below one."
_INSTANCES = "Which may import from it; none named means all."
_CREDENTIALS = "Kept encrypted, never shown; those of the service's environment if absent."
_PATH = "Directory of increment.meta in the bucket: `/` or `/a/b`."
_REBUILD = "Fill the instance anew from there, and swap it in when that is done. Needs the role admin."
_CALLBACK = "URL that is told of the end, signed; see docs/import.md."


class ConnectionForm(JsonForm):
    """A new connection."""

    name: str
    provider: Literal["oss", "s3", "file"]
    endpoint: Annotated[str | None, Field(description=_ENDPOINT)] = None
    region: str | None = None
    bucket: Annotated[str | None, Field(description=_BUCKET)] = None
    root: Annotated[str | None, Field(description=_ROOT)] = None
    role_arn: Annotated[str | None, Field(description="Alibaba Cloud role to assume.")] = None
    instances: Annotated[list[str], Field(default_factory=list, description=_INSTANCES)]
    access_key_id: Annotated[str | None, Field(description=_CREDENTIALS)] = None
    access_key_secret: SecretStr | None = None
    security_token: SecretStr | None = None

    def connection(self) -> Connection:
        """The domain's connection, without its secrets."""
        return Connection(
            self.name,
            Provider(self.provider),
            endpoint=self.endpoint,
            region=self.region,
            bucket=self.bucket,
            root=self.root,
            role_arn=self.role_arn,
            instances=tuple(self.instances),
        )

    def credentials(self) -> Credentials | None:
        """Its secrets, if there are any.

        Raises:
            InvalidInput: half of them.
        """
        if self.access_key_id is None and self.access_key_secret is None and self.security_token is None:
            return None
        if not self.access_key_id or self.access_key_secret is None:
            raise InvalidInput(
                "The credentials are not whole.", "Give access_key_id and access_key_secret, or neither."
            )
        token = None if self.security_token is None else self.security_token.get_secret_value()
        return Credentials(self.access_key_id, self.access_key_secret.get_secret_value(), token)


class CheckForm(JsonForm):
    """What an import would use."""

    bucket: str | None = None
    path: Annotated[str | None, Field(description=_PATH)] = None
    instance: Annotated[str | None, Field(description="Whose region the bucket's must be.")] = None


class ImportForm(JsonForm):
    """What to import."""

    connection: str
    path: Annotated[str, Field(description=_PATH)]
    bucket: str | None = None
    rebuild: Annotated[bool, Field(description=_REBUILD)] = False
    callback: Annotated[str | None, Field(description=_CALLBACK)] = None

    def source(self) -> ImportSource:
        """The domain's source."""
        return ImportSource(self.connection, self.bucket, self.path)


class TasksQuery(BaseModel):
    """A page of tasks, the newest first."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[int, Field(ge=0, lt=2**31, description="Tasks to pass over.")] = 0
    num: Annotated[int, Field(ge=1, le=500, description="Tasks wanted, 1 to 500.")] = 10
