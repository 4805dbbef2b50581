/**
 * Pictures of circuits and of training curves. Public API: incompatible changes come only with a new minor version and
 * are listed in CHANGELOG.md.
 *
 * <p>{@link org.edgeprune.draw.CircuitDrawing} draws a circuit, from a {@link org.edgeprune.graph.Circuit} or from
 * nothing but an {@code edges.json}, as SVG, PDF, PNG, Graphviz DOT text or one self-contained interactive HTML page.
 * {@link org.edgeprune.draw.Curves} plots series as SVG for reports.
 *
 * <p>The layout is ELK's layered algorithm; SVG, PDF, PNG and HTML show the same {@code Picture}. SVG, DOT, HTML and
 * curves need no fonts and are the same bytes on every machine; PDF and PNG use Java's headless graphics.
 */
package org.edgeprune.draw;
