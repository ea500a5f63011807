"""An agent that reads invoices, and cases whose fields have other names than its own."""
