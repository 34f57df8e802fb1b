// SPDX-License-Identifier: Apache-2.0
/** The programs that get migrated, and how to know that they did not notice. */
package io.procmig.e2e.program;
