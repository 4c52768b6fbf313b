"""A real S3 interface of the tests' own: moto's server, filled by Amazon's client."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx

from similis.domain import Connection, Credentials, Provider

HOST = "127.0.0.1"


class S3Server:
    """Buckets in memory, in a thread of this process; other processes reach it by its endpoint."""

    credentials = Credentials("AKIDEXAMPLE", "secret-of-the-tests")

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 - takes long, and few tests need it

        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
        self._server = ThreadedMotoServer(HOST, 0, verbose=False)
        self._client: Any = None

    @property
    def endpoint(self) -> str:
        """URL of the server."""
        return "http://{}:{}".format(*self._server.get_host_and_port())

    def start(self) -> None:
        """Start it."""
        self._server.start()
        self._client = self.client()

    def stop(self) -> None:
        """End it."""
        self._server.stop()

    def reset(self) -> None:
        """Forget all buckets and users, and ask nobody again who they are."""
        httpx.post(f"{self.endpoint}/moto-api/reset").raise_for_status()
        self._authenticate("inf")

    def user(self, *actions: str, bucket: str) -> Credentials:
        """A user who may do this in a bucket; from the first on, everybody must be one, with the right secret."""
        self._authenticate("inf")
        iam, name = self.client("iam"), f"user-{len(self.client('iam').list_users()['Users'])}"
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        if actions:
            resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
        self._authenticate("0")
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def _authenticate(self, after: str) -> None:
        httpx.post(f"{self.endpoint}/moto-api/reset-auth", content=after).raise_for_status()

    def client(self, service: str = "s3", credentials: Credentials = credentials) -> Any:  # noqa: ANN401 - made by boto3
        """Amazon's client of the server."""
        import boto3  # noqa: PLC0415 - as above

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.access_key_secret,
        )

    def connection(self, **fields: Any) -> Connection:  # noqa: ANN401 - as the fields are
        """A connection to it."""
        return Connection(
            **{"name": "s3", "provider": Provider.S3, "endpoint": self.endpoint, "region": "us-east-1", **fields}
        )

    def create_bucket(self, bucket: str, region: str = "us-east-1") -> None:
        """Make an empty bucket."""
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self._client.create_bucket(Bucket=bucket, **where)

    def put(self, bucket: str, name: str, content: bytes) -> None:
        """Put an object, or replace it."""
        self._client.put_object(Bucket=bucket, Key=name, Body=content)

    def remove(self, bucket: str, name: str) -> None:
        """Remove an object."""
        self._client.delete_object(Bucket=bucket, Key=name)
