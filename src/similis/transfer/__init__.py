"""Import and export: what `increment.meta` says, and where its pictures are."""

from similis.transfer._check import check_region, check_source
from similis.transfer._entries import Addition, Deletion, Entry, FailedLine, ParsedLine
from similis.transfer._extractor import Extracted, Extractor, LocalExtractor, fetch
from similis.transfer._increment_meta import MAX_LINE, format_entry, read_increment
from similis.transfer._meta_file import find_meta, meta_chunks
from similis.transfer._opening import SourceSpec, open_source
from similis.transfer._outbound import Outbound, OutboundAnswer, OutboundRequest
from similis.transfer._pipeline import BATCH, Ready, WorkedLine, batches
from similis.transfer._ray_cluster import check_ray
from similis.transfer._ray_extractor import RAY_BATCH, BatchWorker, MakeWorker, RayExtractor, Worker
from similis.transfer._source import ObjectInfo, Source
from similis.transfer._source_directory import META_FILE, SourceDirectory

__all__ = [
    "BATCH",
    "MAX_LINE",
    "META_FILE",
    "RAY_BATCH",
    "Addition",
    "BatchWorker",
    "Deletion",
    "Entry",
    "Extracted",
    "Extractor",
    "FailedLine",
    "LocalExtractor",
    "MakeWorker",
    "ObjectInfo",
    "Outbound",
    "OutboundAnswer",
    "OutboundRequest",
    "ParsedLine",
    "RayExtractor",
    "Ready",
    "Source",
    "SourceDirectory",
    "SourceSpec",
    "WorkedLine",
    "Worker",
    "batches",
    "check_ray",
    "check_region",
    "check_source",
    "fetch",
    "find_meta",
    "format_entry",
    "meta_chunks",
    "open_source",
    "read_increment",
]
