"""What people say of answers: assessments of spans, kept with the run, and what is made of them."""

from __future__ import annotations

from pytest_evalsuite.assessments.log import Event
from pytest_evalsuite.assessments.model import Assessment, AssessmentType, Content
from pytest_evalsuite.assessments.store import Assessments, Wish

__all__ = ["Assessment", "AssessmentType", "Assessments", "Content", "Event", "Wish"]
