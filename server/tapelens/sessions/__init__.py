"""Debug sessions: direct DAP and the editor's relay, behind one interface."""
