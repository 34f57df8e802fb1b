// SPDX-License-Identifier: Apache-2.0
/** ProcessMigrations, from the wish to the outcome. */
package io.procmig.e2e.migration;
