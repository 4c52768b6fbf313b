"""The one place where the parts are put together, from `Settings`. No globals."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from similis.algorithm import ModelStore, Pipeline
from similis.catalogue import Catalogue
from similis.domain import KeyringFailed, SimilisError
from similis.privacy import Keyring
from similis.service._access import Access
from similis.service._analyst import Analyst
from similis.service._audit_lines import AuditLines
from similis.service._audit_log import AuditLog
from similis.service._blas import OneBlasThread
from similis.service._bulk import Bulk
from similis.service._callbacks import Callbacks
from similis.service._clock import Clock
from similis.service._connections import Connections
from similis.service._customers import Customers
from similis.service._decoding import Decoder
from similis.service._duplicates import Duplicates
from similis.service._embedded import FAISS, EmbeddedIndexes
from similis.service._exporting import Exporter
from similis.service._figures import Figures, Holdings, InstanceFigures
from similis.service._importing import Importer
from similis.service._index_kinds import IndexKind
from similis.service._indexes import Indexes
from similis.service._instances import Instances
from similis.service._keys import Keys
from similis.service._lately import Lately
from similis.service._links import Links
from similis.service._lock import DataDirectoryLock
from similis.service._milvus import MILVUS, MilvusIndexes
from similis.service._opening import InstanceSealer, check_keyring, open_keyring
from similis.service._pictures import Pictures
from similis.service._processes import Analysing, Models, ParallelAnalyst
from similis.service._rekeying import Rekeyer
from similis.service._remembering import RememberingAnalyst
from similis.service._retention import Retention
from similis.service._search import Search
from similis.service._searchers import Searchers
from similis.service._sessions import Sessions
from similis.service._settings import Settings
from similis.service._spaces import Spaces
from similis.service._transfers import Transfers
from similis.service._tuning import Tunings
from similis.transfer import Outbound

log = logging.getLogger(__name__)

_IMPORTS_POLITENESS = 5  # searches go before

HOLDINGS_SECONDS = 5.0  # anybody may ask for figures, and to read them all takes long where there is much


class App:
    """One running Similis: owns its data directory until closed. All verbs may be called from several threads.

    Until then the linear algebra library of the whole process keeps to one thread, see `OneBlasThread`.

    Attributes:
        settings: what it was opened with.
        models: the cache of model files.
        analyst: the algorithm service.
        instances, pictures, duplicates, search, tuning, access, sessions, keys, connections, transfers, callbacks,
            customers, bulk: the use cases.
        audit: who did what.
        retention: removes pictures whose time is over.
    """

    def __init__(
        self,
        settings: Settings,
        lock: DataDirectoryLock,
        catalogue: Catalogue,
        keyring: Keyring,
        models: ModelStore,
        decoder: Decoder,
        analyst: Analyst,
        blas: OneBlasThread,
        *,
        serving: bool = False,
    ) -> None:
        spaces = Spaces(catalogue, keyring)
        embedded = EmbeddedIndexes(catalogue, keyring, settings.index_directory, settings.sizing)
        embedded.keep(catalogue.instances())
        kinds: dict[str, IndexKind] = {FAISS: embedded, MILVUS: MilvusIndexes(catalogue, settings.milvus)}
        indexes = Indexes(catalogue, spaces, kinds)
        self.settings = settings
        self.models = models
        self.analyst = analyst
        lines = AuditLines(catalogue, keyring)
        clock = Clock(catalogue)
        self.audit = AuditLog(settings.audit_directory, lines, settings.audit, settings.audit_days, clock)
        self.instances = Instances(catalogue, keyring, indexes, analyst)
        self.duplicates = Duplicates(catalogue, indexes, self.instances)
        self.pictures = Pictures(catalogue, keyring, indexes, analyst, self.instances, self.duplicates)
        self._searchers = Searchers(settings if serving and not catalogue.shared else None)
        self.search = Search(
            catalogue, keyring, indexes, analyst, self.instances, settings.good_match, self._searchers
        )
        self.tuning = Tunings(catalogue, spaces, indexes, analyst, self.instances)
        self.access = Access(catalogue, keyring)
        self.sessions = Sessions(catalogue, keyring)
        self.keys = Keys(catalogue, keyring)
        self.callbacks = Callbacks(catalogue, self.access, Outbound(("*",), settings.callback_hosts))
        self.connections = Connections(catalogue, keyring, settings)
        self._parallel = ParallelAnalyst(_models(settings), settings.threads, politeness=_IMPORTS_POLITENESS)
        importer = Importer(catalogue, keyring, self.connections, indexes, self.tuning, self._parallel)
        self.transfers = Transfers(
            catalogue,
            self.connections,
            self.instances,
            importer,
            Rekeyer(catalogue, keyring, spaces, indexes),
            Exporter(catalogue),
            Links(keyring),
            self.callbacks.check,
            self.audit,
        )
        self.customers = Customers(catalogue, self.instances, self.access, self.audit)
        self.retention = Retention(catalogue, self.audit, clock)
        self.bulk = Bulk(catalogue, keyring, indexes, self.instances)
        self._lock = lock
        self._blas = blas
        self._decoder = decoder
        self._catalogue = catalogue
        self._indexes = indexes
        self._embedded = embedded
        self._holdings = Lately(self._read_holdings, HOLDINGS_SECONDS)

    @classmethod
    def open(
        cls, settings: Settings, pipeline: Pipeline | None = None, *, remember: bool = False, serving: bool = False
    ) -> App:
        """Open or make the data directory. Models are loaded when the first picture comes, or by `analyst.pipeline`.

        Args:
            settings: where everything is.
            pipeline: an already loaded pipeline to share between apps of one process.
            remember: keep what was found in each picture until closed, see `RememberingAnalyst`.
            serving: many ask at once: analyse pictures where `Settings.analysing` says, else inside this process, and
                search by name with the help of `Settings.searchers`.

        Raises:
            DataDirectoryLocked: another process owns the data directory.
            StorageFailed: the catalogue cannot be opened.
            KeyringFailed: the key directory is missing, unsafe or belongs to other data.
            InvalidInput: the catalogue's URL is none.
            InvalidManifest: a model manifest of the user's cannot be read.
        """
        models = ModelStore(settings.models)
        decoder = Decoder(settings.decoding, settings.threads)
        analyst: Analyst
        if serving and settings.analysing is Analysing.PROCESSES:
            analyst = ParallelAnalyst(_models(settings), settings.threads, settings.queue)
        else:
            analyst = (RememberingAnalyst if remember else Analyst)(
                models,
                lambda: pipeline or Pipeline.load(models, finder=settings.subject_finder, decode=decoder.started()),
                settings.threads,
                settings.queue,
            )
        with ExitStack() as undo:
            lock = DataDirectoryLock(settings.data)
            undo.callback(lock.release)
            blas = OneBlasThread()
            undo.callback(blas.release)
            url = settings.catalogue_url
            keyring = open_keyring(settings, create=not Catalogue.exists(url))
            catalogue = Catalogue.open(url, InstanceSealer(keyring))
            undo.callback(catalogue.close)
            check_keyring(catalogue, keyring, settings)
            catalogue.compact_changes()
            catalogue.access_keys.release_deleted()
            app = cls(settings, lock, catalogue, keyring, models, decoder, analyst, blas, serving=serving)
            _destroy_keys(app)
            app.transfers.remove_retired(at_once=not catalogue.shared)
            _remove_old(app)
            undo.pop_all()
        return app

    def ready(self) -> bool:
        """Whether the models are loaded and the catalogue answers."""
        self._catalogue.keyring.current()
        return self.analyst.loaded

    def figures(self) -> Figures:
        """What there is and what is going on, also while the catalogue cannot be read."""
        turns = self.analyst.turns
        return Figures(turns.running, turns.waiting, turns.room, self.analyst.models, *self._holdings.get())

    def _read_holdings(self) -> Holdings:
        try:
            return Holdings(self._instance_figures(), self._catalogue.tasks.counts())
        except SimilisError:
            return Holdings()

    def _instance_figures(self) -> dict[str, InstanceFigures]:
        rows = self._indexes.rows(FAISS)
        return {
            each.name: InstanceFigures(
                each.picture_count, each.spec.capacity, rows.get(each.name), self._embedded.size(each)
            )
            for each in self.instances.list()
        }

    def verify(self) -> None:
        """Check the whole catalogue, every row included, and the files of indexes.

        Raises:
            StorageFailed: something is damaged.
        """
        self._catalogue.verify()
        self._embedded.verify(self._catalogue.instances())

    def close(self) -> None:
        """Stop tasks, close indexes and catalogue and give the data directory free."""
        self.transfers.end()
        self.callbacks.close()
        self.audit.close()
        self._parallel.close()
        self.analyst.close()
        self._decoder.close()
        self._searchers.close()  # before the catalogue, which the last one to close it leaves in order
        self._indexes.close()
        self._catalogue.close()
        self._blas.release()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _models(settings: Settings) -> Models:
    return Models(settings.models, settings.subject_finder, settings.decoding)


def _remove_old(app: App) -> None:
    """Remove pictures whose time is over; that it cannot be done now must not keep anybody from searching."""
    try:
        app.retention.start(datetime.now(UTC))
    except SimilisError as error:
        log.warning("Pictures whose time is over are still there. %s %s", error.message, error.hint)


def _destroy_keys(app: App) -> None:
    """Destroy what a deletion left; that a key directory is read-only now must not keep anybody from searching."""
    try:
        app.instances.destroy_keys()
        app.instances.destroy_abandoned()
    except KeyringFailed as error:
        log.warning("Keys of deleted instances are still there. %s %s", error.message, error.hint)
