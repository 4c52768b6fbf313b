"""The catalogue: one class through which everything durable is read and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from similis.catalogue import _change_log, _instances, _pictures, _settings, _writing
from similis.catalogue._access_keys import AccessKeys
from similis.catalogue._callbacks import Callbacks
from similis.catalogue._connections import Connections
from similis.catalogue._customers import Customers
from similis.catalogue._database import Database
from similis.catalogue._exporting import Exporting
from similis.catalogue._features import read_vectors
from similis.catalogue._filters import compile_filter
from similis.catalogue._importing import Importing
from similis.catalogue._index_states import IndexStates
from similis.catalogue._instance_settings import InstanceSettings
from similis.catalogue._keyring import KeyringRecord, note_to_destroy, require_keyring
from similis.catalogue._rekeying import Rekeying
from similis.catalogue._retention import Retention
from similis.catalogue._rows import (
    DescribedPicture,
    LogEnd,
    LoggedChange,
    NewPicture,
    Sealer,
    StoredPicture,
    StoredVector,
)
from similis.catalogue._schema import is_new, migrate
from similis.catalogue._score_curves import ScoreCurves
from similis.catalogue._shadows import Shadows
from similis.catalogue._stamp import Stamp
from similis.catalogue._tasks import Tasks
from similis.catalogue._tunings import Tunings
from similis.catalogue._verify import Verification, verify
from similis.domain import Category, Filter, Instance, InstanceSpec, PictureKey


class Catalogue:
    """The durable truth about instances, pictures, features and access keys.

    What a method has written is on disk when it returns. Many threads may use one catalogue; writers take turns.
    Every method raises StorageFailed when the database cannot be used or is damaged.
    """

    def __init__(self, database: Database, sealer: Sealer, stamp: Stamp) -> None:
        self._database, self._sealer, self._stamp = database, sealer, stamp
        self._verification = Verification(database)
        self.instance_settings = InstanceSettings(database)
        self.access_keys, self.connections = AccessKeys(database), Connections(database)
        self.index_states, self.tunings = IndexStates(database), Tunings(database)
        self.score_curves = ScoreCurves(database)  # how scores are read in each instance
        self.tasks, self.callbacks = Tasks(database), Callbacks(database)
        self.importing, self.exporting = Importing(database, sealer), Exporting(database, sealer)
        self.customers = Customers(database, sealer)
        self.retention = Retention(database)
        self.shadows = Shadows(database)
        self.keyring = KeyringRecord(database)
        self.rekeying = Rekeying(database, sealer)

    @classmethod
    def open(cls, url: str, sealer: Sealer) -> Catalogue:
        """Open a catalogue, make it where there is none, bring its schema up to date.

        A file is verified unless it is as it was when it was last closed in order; one of more than 100,000 pictures
        while it is used, and once damage is found it can no longer be used. A PostgreSQL server sees to its
        own files, and a row's checksum is checked whenever it is read; `verify` checks everything at any time.

        Args:
            url: of the database, as `sqlite_url` or `postgresql_url` gives it.
            sealer: encrypts what only the service may read.

        Raises:
            StorageFailed: it cannot be opened, is damaged, or was made by a newer version.
        """
        database = Database(url)
        stamp = Stamp(database.file)
        catalogue = cls(database, sealer, stamp)
        try:
            unchanged = stamp.take()
            migrate(database)
            if not database.shared:
                catalogue.tasks.release_all()
                if not unchanged:
                    catalogue._verification.begin()
        except BaseException:
            database.close()
            raise
        return catalogue

    @classmethod
    def reader(cls, url: str, sealer: Sealer) -> Catalogue:
        """Open a file that another process of this machine has open, to read along; nothing is made or verified.

        Raises:
            StorageFailed: it cannot be opened.
        """
        return cls(Database(url, read_only=True), sealer, Stamp(None))

    @staticmethod
    def exists(url: str) -> bool:
        """Whether there is a catalogue already; makes none.

        Raises:
            StorageFailed: the database cannot be used.
        """
        with closing(Database(url)) as database:
            return Path(database.file).exists() if database.file is not None else not is_new(database)

    @property
    def shared(self) -> bool:
        """Whether other processes may use it meanwhile."""
        return self._database.shared

    def close(self) -> None:
        """Close it for good, after what is being written."""
        sound = self._verification.end()
        self._database.close()
        if sound:
            self._stamp.leave()

    def verify(self) -> None:
        """Check the whole database, every row included.

        Raises:
            StorageFailed: something is damaged.
        """
        with self._database.reading() as connection:
            verify(connection)

    def snapshot(self) -> AbstractContextManager[None]:
        """A block in which all that this thread reads is of one moment."""
        return self._database.snapshot()

    def only_remembered(self) -> AbstractContextManager[None]:
        """A block in which this thread may not wait for the database; where it had to, NotRemembered is raised."""
        return self._database.only_remembered()

    @contextmanager
    def still(self, instance: Instance) -> Iterator[None]:
        """A block during which nobody changes an instance, so that several reads see the same; it must not write.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        with self._database.writing() as connection:
            _instances.lock_instance(connection, instance)
            yield

    @contextmanager
    def _changing(self, instance: Instance) -> Iterator[Connection]:
        """A transaction that changes an instance's pictures."""
        with self._database.writing() as connection:
            _instances.lock_changeable(connection, instance)
            yield connection

    def writes(self) -> int:
        """A number that changes with each transaction of the process that writes; of no use where several do."""
        return self._database.writes()

    def setting(self, name: str) -> str | None:
        """Return a setting's value, None when it was never set."""
        with self._database.reading() as connection:
            return _settings.read_setting(connection, name)

    def set_setting(self, name: str, value: str) -> None:
        """Set a setting."""
        with self._database.writing() as connection:
            _settings.write_setting(connection, name, value)

    def claim_setting(self, name: str, value: str) -> str:
        """Set a setting unless it is set, and return what it is now: of several that claim at once, one succeeds."""
        with self._database.writing() as connection:
            return _settings.claim_setting(connection, name, value)

    def create_instance(self, spec: InstanceSpec, *, uid: str, index: str, model: str, dimension: int) -> Instance:
        """Make an instance.

        Args:
            spec: name, type, region and capacity.
            uid: of its key in the keyring.
            index: kind of index that searches it.
            model: names the model that makes its features.
            dimension: numbers in a feature vector.

        Raises:
            InstanceExists: the name is taken.
        """
        with self._database.writing() as connection:
            require_keyring(connection, self._database)
            return _instances.insert_instance(
                connection, spec, uid=uid, index=index, model=model, dimension=dimension
            )

    def instance(self, name: str) -> Instance:
        """Return an instance by its name.

        Raises:
            InstanceNotFound: there is none.
        """
        return self._database.remembered(_instances.read_instance, name)

    def instances(self) -> list[Instance]:
        """Return all instances by name."""
        with self._database.reading() as connection:
            return _instances.read_instances(connection)

    def require(self, instance: Instance) -> None:
        """Check that an instance is still there: the same one, not another made under its name since.

        Raises:
            InstanceNotFound: it was deleted meanwhile.
        """
        with self._database.reading() as connection:
            _instances.require_instance(connection, instance)

    def delete_instance(self, name: str) -> list[Instance]:
        """Remove an instance with all that belongs to it; return what it was, then the shadows of its rebuilds.

        Their keys are noted as to destroy until `keyring.destroyed`: that outlives an accident in between.

        Raises:
            InstanceNotFound: there is none.
        """
        with self._database.writing() as connection:
            removed = _instances.remove_instance(connection, name)
            for each in removed:
                note_to_destroy(connection, each.uid)
            return removed

    def purge(self) -> None:
        """Let what was deleted disappear from the log of the database's file, too; see `Database.purge`."""
        self._database.purge()

    def add(self, instance: Instance, pictures: Sequence[NewPicture]) -> list[bool]:
        """Store pictures with their features, all or none; of one key in `pictures` the last counts.

        Returns:
            For each picture whether it replaced one, stored before or earlier in `pictures`.

        Raises:
            CapacityReached: there would be too many; replacing does not count.
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: it is being rebuilt from storage.
            ValueError: a vector has not the instance's dimension, or numbers that are not finite.
        """
        if not pictures:
            return []
        additions = _writing.Additions(instance, pictures, self._sealer)
        with self._changing(instance) as connection:
            return additions.store(connection)

    def update(self, instance: Instance, key: PictureKey, changes: Mapping[str, int | str | None]) -> None:
        """Change attributes or custom content of a picture; None removes one.

        Args:
            instance: where the picture is.
            key: names the picture.
            changes: new values of `int_attr`…`str_attr4` and `custom_content`.

        Raises:
            InvalidAttribute: a value is not allowed or a name unknown.
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: it is being rebuilt from storage.
            PictureNotFound: there is none with this key.
        """
        with self._changing(instance) as connection:
            _writing.update_picture(connection, instance, key, changes, self._sealer)

    def delete(self, instance: Instance, product_id: str, pic_name: str | None = None) -> list[PictureKey]:
        """Remove a product's pictures, or the one named, and return their keys; none is no error.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: it is being rebuilt from storage.
        """
        condition = _pictures.has_product(instance, product_id, pic_name)
        with self._changing(instance) as connection:
            return _pictures.remove_pictures(connection, instance, condition)

    def delete_matching(self, instance: Instance, tree: Filter) -> list[PictureKey]:
        """Remove the pictures that match a filter and return their keys.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: it is being rebuilt from storage.
        """
        with self._changing(instance) as connection:
            return _pictures.remove_pictures(connection, instance, compile_filter(tree))

    def picture(self, instance: Instance, key: PictureKey) -> StoredPicture:
        """Return a picture by its key.

        Raises:
            PictureNotFound: there is none with this key.
        """
        with self._database.reading() as connection:
            row = _pictures.read_row(connection, instance, key)
        return _pictures.stored_picture(instance, row, self._sealer)

    def described(self, instance: Instance, key: PictureKey) -> DescribedPicture:
        """Return a picture by its key, with its features.

        Raises:
            PictureNotFound: there is none with this key.
        """
        with self._database.reading() as connection:
            return _pictures.read_named(connection, instance, key, self._sealer)

    def all_described(self, instance: Instance, ids: Sequence[int]) -> dict[int, DescribedPicture]:
        """Return pictures with their features by id, all as of one moment; ids that are gone are left out."""
        with self._database.reading() as connection:
            return _pictures.read_described(connection, instance, ids, self._sealer)

    def pictures(self, instance: Instance, ids: Sequence[int]) -> dict[int, StoredPicture]:
        """Return pictures by id; ids that are gone are left out."""
        with self._database.reading() as connection:
            return _pictures.read_pictures(connection, instance, ids, self._sealer)

    def names(self, instance: Instance, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Return ProductId and PicName by picture id, quicker than `pictures`; ids that are gone are left out."""
        with self._database.reading() as connection:
            return _pictures.read_names(connection, instance, ids)

    def categories(self, instance: Instance, ids: Sequence[int]) -> dict[int, Category]:
        """Return categories by picture id, quicker than `pictures`; ids that are gone are left out."""
        with self._database.reading() as connection:
            return _pictures.read_categories(connection, instance, ids)

    def holds(self, instance: Instance, category: Category) -> bool:
        """Tell whether any picture has this category."""
        with self._database.reading() as connection:
            return _pictures.holds(connection, instance, category)

    def count(self, instance: Instance, category: Category | None, most: int) -> int:
        """Return how many pictures there are, of a category or of all, but `most` where there are more."""
        return self._database.remembered(_pictures.count_upto, _pictures.Count(instance.id, category, most))

    def vectors(self, instance: Instance, ids: Sequence[int]) -> dict[int, StoredVector]:
        """Return features by picture id, float16, shape [D]; ids that are gone are left out."""
        with self._database.reading() as connection:
            return read_vectors(connection, instance, ids, self._sealer)

    def select_ids(self, instance: Instance, tree: Filter | None, category: Category | None) -> NDArray[np.int64]:
        """Return the ids of pictures that match a filter and have a category, ascending."""
        with self._database.reading() as connection:
            return _pictures.select_ids(connection, instance, tree, category)

    def changes(self, instance: Instance, after: int) -> Iterator[LoggedChange]:
        """Yield the changes after a sequence, in order and in bounded memory.

        An addition whose picture is gone already comes without a vector; its removal follows.
        """
        return _change_log.read_changes(self._database, instance, after, self._sealer)

    def compact_changes(self) -> None:
        """Shorten a change log that is mostly about pictures that are gone.

        Only while nobody else has a connection. What durable indexes have not applied stays; one in the memory of a
        process that was cut off, and lacks what was removed, can tell by `log_end`.
        """
        with self._database.writing_alone() as connection:
            if connection is not None:
                _change_log.compact(connection)

    def alone_adding(self, instance: Instance) -> AbstractContextManager[None]:
        """A block that only one thread of all processes runs at a time for an instance: to look, then to add."""
        return self._database.alone(f"adding {instance.id}")

    def alone_with_index(self, instance: Instance, holder: str) -> AbstractContextManager[None]:
        """A block that only one thread of all processes runs at a time for a holder's durable index; it may write."""
        return self._database.alone(f"index {instance.id} {holder}")

    def change_index(self, instance: Instance, index: str) -> Instance:
        """Have an instance searched by another kind of index from now on, and return it as it is then.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: it was replaced by a rebuild.
        """
        with self._database.writing() as connection:
            return _instances.change_index(connection, instance, index)

    def last_seq(self, instance: Instance) -> int:
        """Return the sequence of the latest change, 0 without any."""
        return self.log_end(instance).seq

    def log_end(self, instance: Instance) -> LogEnd:
        """Return where the instance's changes end, and how the log of all was shortened."""
        return self._database.remembered(_change_log.log_end, instance.id)
