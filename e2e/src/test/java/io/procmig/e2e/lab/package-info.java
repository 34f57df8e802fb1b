// SPDX-License-Identifier: Apache-2.0
/** The lab: its nodes, its API server, and what can be done to them. */
package io.procmig.e2e.lab;
