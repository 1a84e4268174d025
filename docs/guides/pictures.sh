#!/usr/bin/env bash
# Takes the guides' pictures from those that the browser journeys have just made: MINGFEN_SHOTS=all npm --prefix tests/browser test, then this.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
take() { cp "tests/browser/shots/staff-$1.png" "docs/images/staff-$2.png"; }
take administrator-admin-keys admin-keys
take administrator-admin-staff admin-people
take administrator-admin-parked admin-parked
take cashier-order cashier-order
take cashier-refund-chosen cashier-refund
take cashier-lead-approve cashier-approve
take cashier-window cashier-window
take cashier-window-till cashier-window-till
take cashier-shift-1920 cashier-shift
take cashier-shift-sheet cashier-shift-sheet
take cashier-lead-countersign-1920 cashier-countersign
take finance-home finance-home
take finance-differences finance-differences
take finance-difference finance-difference
take finance-preview finance-preview
take finance-day-signed finance-signed
