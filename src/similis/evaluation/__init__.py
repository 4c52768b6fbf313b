"""Measurements of retrieval quality, made through the service as a user would, and of speed."""

from similis.evaluation._categories import Categories
from similis.evaluation._contest import Contender, compare_models, installed_models
from similis.evaluation._copies import OURS, Copies
from similis.evaluation._edits import EDITS
from similis.evaluation._engine_bench import benchmark_engine
from similis.evaluation._engine_page import engine_figures, engine_filters, write_engine_report
from similis.evaluation._engine_report import EngineReport, EngineRun
from similis.evaluation._evaluate import evaluate, scratch_app
from similis.evaluation._examples import Example, Result
from similis.evaluation._floors import Floor, FloorFigures
from similis.evaluation._html import prepare_folder, write_report
from similis.evaluation._labels import GALLERY_SPLITS, QUERY_SPLITS, LabelledPicture, Labels, read_labels
from similis.evaluation._load_bench import CLIENTS, benchmark_http
from similis.evaluation._load_report import BEARABLE, Importing, LoadReport, LoadRun, Soak
from similis.evaluation._load_run import Sample
from similis.evaluation._load_service import Service
from similis.evaluation._metrics import Estimate, Quality, Ranking, average_precision, recalled
from similis.evaluation._pipeline_bench import PipelineReport, benchmark_pipeline
from similis.evaluation._report import BadPicture, Report, Run
from similis.evaluation._searching import Answer, Progress, Way
from similis.evaluation._trust import Bin, Detection, Reliability

__all__ = [
    "BEARABLE",
    "CLIENTS",
    "EDITS",
    "GALLERY_SPLITS",
    "OURS",
    "QUERY_SPLITS",
    "Answer",
    "BadPicture",
    "Bin",
    "Categories",
    "Contender",
    "Copies",
    "Detection",
    "EngineReport",
    "EngineRun",
    "Estimate",
    "Example",
    "Floor",
    "FloorFigures",
    "Importing",
    "LabelledPicture",
    "Labels",
    "LoadReport",
    "LoadRun",
    "PipelineReport",
    "Progress",
    "Quality",
    "Ranking",
    "Reliability",
    "Report",
    "Result",
    "Run",
    "Sample",
    "Service",
    "Soak",
    "Way",
    "average_precision",
    "benchmark_engine",
    "benchmark_http",
    "benchmark_pipeline",
    "compare_models",
    "engine_figures",
    "engine_filters",
    "evaluate",
    "installed_models",
    "prepare_folder",
    "read_labels",
    "recalled",
    "scratch_app",
    "write_engine_report",
    "write_report",
]
