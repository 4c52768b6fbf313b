"""Three customers in one service: what each owns, who may reach it, and all of it that must never show elsewhere."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from tests.importing import run_import, write_bucket
from tests.unit.gateway.alibaba.calling import Acs3

from similis.domain import (
    AccessKey,
    Attributes,
    Connection,
    ImportSource,
    InstanceSpec,
    InstanceType,
    Match,
    NewAccessKey,
    PictureKey,
    Provider,
    Role,
    SearchOptions,
    TaskKind,
)
from similis.service import App

Draw = Callable[..., bytes]
PICTURES = 3
_OWNERS = {"alpha": "a", "amber": "a", "bx7q9zk": "b", "b2k4w8v": "b", "cy5m3rt": "c"}
NAMES = tuple(_OWNERS)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who calls with an access key that reaches some instances; `cookie` in its place where signed in."""

    name: str
    made: NewAccessKey
    reach: tuple[str, ...]
    cookie: Mapping[str, str] = field(default_factory=dict)

    @property
    def role(self) -> Role:
        return self.made.key.role

    @property
    def good(self) -> bool:
        """Whether the key is accepted at all."""
        return self.name not in {"disabled", "unknown", "expired", "signed out"}

    @property
    def credentials(self) -> dict[str, str]:
        """What shows who it is, on REST."""
        if self.cookie:
            return {**self.cookie}
        parts = [self.made.key.id, self.made.secret, self.made.security_token]
        return {"authorization": "Bearer " + ":".join(part for part in parts if part)}

    @property
    def signer(self) -> httpx.Auth:
        return Acs3(self.made)

    @property
    def signed_headers(self) -> dict[str, str]:
        token = self.made.security_token
        return {"x-acs-security-token": token} if token else {}


@dataclass(frozen=True, slots=True)
class Target:
    """What a call may name: an instance, and what belongs to it. All of it may be of something that is not there."""

    name: str
    product: str
    picture: str
    content: str
    text: str
    region: str
    connection: str
    bucket: str
    key_id: str
    tasks: Mapping[str, int] = field(default_factory=dict)

    def secrets(self) -> set[str]:
        """All of it that is told to nobody else."""
        return {
            *(self.name, self.product, self.picture, self.content, self.text, self.region),
            *(self.connection, self.bucket, self.key_id),
        }

    def task(self, kind: str) -> int:
        return self.tasks.get(kind, 10**9)


def target_named(name: str, key_id: str) -> Target:
    """What belongs to an instance of a name, in words that are found nowhere else."""
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return Target(
        name, f"product-{mark}", f"picture-{mark}", f"content-{mark}", f"text-{mark}", f"region-{mark}",
        f"connection-{mark}", f"bucket-{mark}", key_id,
    )  # fmt: skip


NOWHERE = target_named("nowhere", "SIMNOWHERENOWHERENOW")


class World:
    """A service with all of that in it.

    Attributes:
        app: the service.
        address: where it is served.
        targets: by the name of the instance.
        actors: by name, all of them limited to instances.
        picture: an encoded picture that can be added and searched for.
    """

    def __init__(self, app: App, root: Path, draw: Draw) -> None:
        self.app = app
        self.address = ""
        self.picture = draw(0, size=120)
        _count_tasks_from(app, 918_273_640)
        keys = {name: app.access.create(Role.READER, [self._create(name)]).key.id for name in NAMES}
        self.targets = {name: target_named(name, keys[name]) for name in NAMES}
        for number, target in enumerate(self.targets.values()):
            self._fill(target, number, draw)
            target_tasks = self._transfer(target, root)
            self.targets[target.name] = replace(target, tasks=target_tasks)
        self.actors = {actor.name: actor for actor in _actors(app)}

    def foreign(self, actor: Actor) -> list[Target]:
        """What an actor must know nothing of."""
        return [target for name, target in self.targets.items() if name not in actor.reach]

    def secrets_from(self, actor: Actor) -> set[str]:
        """What must be in no answer to an actor: what belongs to others, and every secret."""
        hidden = {secret for target in self.foreign(actor) for secret in target.secrets()}
        keys = self.app.access.list()
        hidden |= {key.id for key in keys if not set(key.instances) & set(actor.reach)}
        return hidden | {other.made.secret for other in self.actors.values()}

    def common(self) -> tuple[object, ...]:
        """All that is stored of keys and connections, and which instances there are."""
        catalogue = self.app._catalogue
        names = [each.name for each in catalogue.instances()]
        return catalogue.access_keys.all(), catalogue.connections.all(), names

    def stored(self, name: str) -> tuple[object, ...]:
        """All that is stored of an instance."""
        catalogue = self.app._catalogue
        instance = catalogue.instance(name)
        ids = catalogue.select_ids(instance, None, None).tolist()
        vectors = {each: vector.tobytes() for each, vector in catalogue.vectors(instance, ids).items()}
        tasks = self.app.transfers.list(name, tuple(TaskKind), start=0, num=100)
        return instance, catalogue.pictures(instance, ids), vectors, catalogue.last_seq(instance), tasks

    def found(self, name: str) -> list[Match]:
        """What a search for a picture of an instance answers."""
        target = self.targets[name]
        key = PictureKey(f"{target.product}-0", target.picture)
        return list(self.app.search.by_name(name, key, SearchOptions()).matches)

    def _create(self, name: str) -> str:
        kind = InstanceType.GENERIC if name.startswith("b2") else InstanceType.PRODUCT
        region = target_named(name, "").region
        self.app.instances.create(InstanceSpec(name, kind, region, 1000))
        self.app.instances.set(name, qps=90_000.0 + NAMES.index(name))
        return name

    def _fill(self, target: Target, number: int, draw: Draw) -> None:
        for product in range(PICTURES):
            self.app.pictures.add(
                target.name,
                draw(10 * number + product, size=120),
                PictureKey(f"{target.product}-{product}", target.picture),
                custom_content=target.content,
                attributes=Attributes(int_attr=product, str_attr=target.text),
            )

    def _transfer(self, target: Target, root: Path) -> dict[str, int]:
        """A connection, an import of which one line failed, and a finished export."""
        write_bucket(root / target.connection, ["nonsense"], {})
        (root / target.connection / "bucket").rename(root / target.connection / target.bucket)
        connection = Connection(
            target.connection, Provider.FILE, root=str(root / target.connection), instances=(target.name,)
        )
        self.app.connections.create(connection, operator=True)
        imported = run_import(self.app, target.name, ImportSource(target.connection, target.bucket, "/in"))
        exported = self.app.transfers.run(self.app.transfers.start_export(target.name).id)
        assert imported.counts.failed == 1
        return {"import": imported.id, "export": exported.id}


def _count_tasks_from(app: App, number: int) -> None:
    """So that the number of a task is found in no other text by chance."""
    with app._catalogue._database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('task', ?)", (number,))


def _actors(app: App) -> list[Actor]:
    """Keys of every role for what A owns, for a part of it, for some of A's and B's, and some that are not good."""
    both, shared = ("alpha", "amber"), ("alpha", "bx7q9zk")
    made: dict[str, tuple[Role, tuple[str, ...]]] = {}
    for role in Role:
        made |= {f"a {role}": (role, both), f"shared {role}": (role, shared)}
    made["a part"] = (Role.WRITER, ("alpha",))
    actors = [Actor(name, app.access.create(role, reach), reach) for name, (role, reach) in made.items()]
    temporary = app.access.create(Role.WRITER, both, timedelta(hours=1))
    disabled = app.access.create(Role.ADMIN, both)
    app.access.disable(disabled.key.id)
    unknown = replace(disabled, key=replace(disabled.key, id="SIMUNKNOWNUNKNOWNUNK"))
    return [
        *actors,
        Actor("temporary", temporary, both),
        Actor("disabled", disabled, both),
        Actor("unknown", unknown, both),
        Actor("expired", _expired(app, both), both),
        _signed_in(app, "signed in", app.access.create(Role.ADMIN, both), both),
        _signed_out(app, app.access.create(Role.ADMIN, both), both),
    ]


def _signed_in(app: App, name: str, made: NewAccessKey, reach: tuple[str, ...]) -> Actor:
    """Whoever uses the console."""
    session, token = app.sessions.start(made.key, datetime.now(UTC))
    cookie = {"cookie": f"similis_session={token}", "x-similis-csrf": session.csrf}
    return Actor(name, made, reach, cookie)


def _signed_out(app: App, made: NewAccessKey, reach: tuple[str, ...]) -> Actor:
    """Whoever has a copy of a cookie of a session that was ended, and nothing else."""
    actor = _signed_in(app, "signed out", made, reach)
    token = actor.cookie["cookie"].partition("=")[2]
    app.sessions.end(app.sessions.find(token, datetime.now(UTC)), datetime.now(UTC))
    app.access.disable(made.key.id)
    return actor


def _expired(app: App, reach: tuple[str, ...]) -> NewAccessKey:
    now, secret, token = datetime.now(UTC), secrets.token_urlsafe(30), secrets.token_urlsafe(48)
    key = AccessKey(
        "SIMEXPIREDEXPIREDEXP", Role.ADMIN, reach, now - timedelta(hours=1), expires_at=now - timedelta(minutes=1)
    )
    sealed = app.access._keyring.seal(secret.encode(), f"access-key:{key.id}")
    app._catalogue.access_keys.add(key, sealed, hashlib.sha256(token.encode()).digest())
    return NewAccessKey(key, secret, token)
