package org.edgeprune.draw;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.eclipse.elk.alg.layered.LayeredLayoutProvider;
import org.eclipse.elk.alg.layered.options.CycleBreakingStrategy;
import org.eclipse.elk.alg.layered.options.LayeredOptions;
import org.eclipse.elk.alg.layered.options.LayeringStrategy;
import org.eclipse.elk.alg.layered.options.NodePlacementStrategy;
import org.eclipse.elk.core.data.LayoutMetaDataService;
import org.eclipse.elk.core.options.CoreOptions;
import org.eclipse.elk.core.options.Direction;
import org.eclipse.elk.core.options.EdgeRouting;
import org.eclipse.elk.core.options.PortConstraints;
import org.eclipse.elk.core.options.PortSide;
import org.eclipse.elk.core.util.BasicProgressMonitor;
import org.eclipse.elk.graph.ElkEdge;
import org.eclipse.elk.graph.ElkEdgeSection;
import org.eclipse.elk.graph.ElkNode;
import org.eclipse.elk.graph.ElkPort;
import org.eclipse.elk.graph.util.ElkGraphUtil;
import org.edgeprune.draw.DrawnGraph.Link;
import org.edgeprune.draw.DrawnGraph.LinkKind;

/**
 * Places a graph's nodes and links with ELK's layered algorithm, inputs at the top.
 *
 * <p>ELK lays out blocks: a head's Q, K and V cells are on top of its output box and move with it. A block's layer is
 * given by the order of computation; ELK chooses the order within each layer. While the links together descend at most
 * {@link #ROUTED_ROWS} rows (some 200 edges of GPT-2 small), it also places the blocks and routes the links around
 * them. Beyond that, routing takes long and needs so much space that names become unreadable: rows are then packed in
 * ELK's order, and links run straight to their reader behind the blocks.
 *
 * @param boxes one for each node, in the graph's order
 * @param curves one for each link, in the graph's order
 */
record CircuitLayout(List<Box> boxes, List<Curve> curves, double width, double height, boolean routed) {
    static final int ROUTED_ROWS = 1200;

    static final double CELL_WIDTH = 18;
    static final double CELL_HEIGHT = 14;
    /** From a cell's top to its head's top, with space for the link between them. */
    private static final double CELL_PITCH = 22;

    private static final double BOX_HEIGHT = 18;
    private static final double BLOCK_GAP = 10;
    private static final double PACKED_GAP = 26;
    private static final double ROW_GAP = 48;
    private static final double CHARACTER = 5.6;

    static CircuitLayout of(DrawnGraph graph) {
        return new Builder(graph).layout();
    }

    /** Lays out one graph by ELK's mutable model of it. */
    private static final class Builder {
        private final DrawnGraph graph;
        private final ElkNode root = ElkGraphUtil.createGraph();
        /** Blocks by the name of their box; a head's cells are in its block. */
        private final Map<String, ElkNode> blocks = new LinkedHashMap<>();

        private final Map<DrawnNode, ElkPort> ins = new HashMap<>();
        private final Map<DrawnNode, ElkPort> outs = new HashMap<>();
        private final Map<Link, ElkEdge> routes = new HashMap<>();
        private final TreeMap<Integer, List<ElkNode>> rows = new TreeMap<>();

        Builder(DrawnGraph graph) {
            this.graph = graph;
        }

        CircuitLayout layout() {
            graph.nodes().stream().filter(node -> !graph.isCell(node)).forEach(this::addBlock);
            graph.nodes().stream().filter(graph::isCell).forEach(this::addCell);
            List<Link> shaping = graph.links().stream().filter(this::shapes).toList();
            for (Link link : shaping) {
                routes.put(link, ElkGraphUtil.createSimpleEdge(outs.get(node(link.from())), ins.get(node(link.to()))));
            }
            boolean routed = shaping.stream().mapToInt(this::rowsDown).sum() <= ROUTED_ROWS;
            configure(routed);
            new LayeredLayoutProvider().layout(root, new BasicProgressMonitor());
            if (!routed) {
                pack();
            }
            List<Box> boxes = graph.nodes().stream().map(this::box).toList();
            List<Curve> curves = graph.links().stream()
                    .map(link -> curve(link, boxes, routed))
                    .toList();
            return new CircuitLayout(boxes, curves, root.getWidth(), root.getHeight(), routed);
        }

        private DrawnNode node(int index) {
            return graph.nodes().get(index);
        }

        /**
         * Whether a link is part of ELK's graph: not those inside a block, nor those of constants, which go to every
         * reader.
         */
        private boolean shapes(Link link) {
            return link.kind() == LinkKind.EDGE
                    || (link.kind() == LinkKind.HEAD_INPUT && !graph.isCell(node(link.from())));
        }

        private int rowsDown(Link link) {
            return rows.subMap(row(node(link.from())), row(node(link.to()))).size();
        }

        private void addBlock(DrawnNode node) {
            boolean head = node.type() == NodeType.HEAD;
            ElkNode block = ElkGraphUtil.createNode(root);
            double width = Math.max(node.name().length() * CHARACTER + 12, head ? 3 * CELL_WIDTH : 44);
            block.setDimensions(width, head ? CELL_PITCH + BOX_HEIGHT : BOX_HEIGHT);
            int row = row(node);
            // the interactive layering strategy makes a layer of all blocks at one height
            block.setLocation(blocks.size() * 100.0, row * 100.0);
            block.setProperty(CoreOptions.PORT_CONSTRAINTS, PortConstraints.FIXED_POS);
            ins.put(node, port(block, PortSide.NORTH, width / 2));
            outs.put(node, port(block, PortSide.SOUTH, width / 2));
            blocks.put(node.name(), block);
            rows.computeIfAbsent(row, r -> new ArrayList<>()).add(block);
        }

        /** Keys and values that several heads share are in a separate row before the layer's heads. */
        private int row(DrawnNode node) {
            boolean shared = node.type().isHeadInput() && !graph.isCell(node);
            return node.type() == NodeType.OUTPUT ? 1 << 20 : 2 * node.rank() + (shared ? 0 : 1);
        }

        private void addCell(DrawnNode cell) {
            ElkNode block = blocks.get(DrawnNode.head(cell.layer(), cell.head()).name());
            ins.put(cell, port(block, PortSide.NORTH, cellX(cell, block) + CELL_WIDTH / 2));
        }

        private static double cellX(DrawnNode cell, ElkNode block) {
            int column = cell.type().ordinal() - NodeType.QUERY.ordinal();
            return block.getWidth() / 2 + (column - 1.5) * CELL_WIDTH;
        }

        private static ElkPort port(ElkNode block, PortSide side, double x) {
            ElkPort port = ElkGraphUtil.createPort(block);
            port.setProperty(CoreOptions.PORT_SIDE, side);
            port.setLocation(x, side == PortSide.NORTH ? 0 : block.getHeight());
            return port;
        }

        private void configure(boolean routed) {
            // fills ELK's registry of option types, without which it cannot copy their defaults
            LayoutMetaDataService.getInstance();
            root.setProperty(CoreOptions.DIRECTION, Direction.DOWN);
            root.setProperty(CoreOptions.RANDOM_SEED, 1);
            root.setProperty(CoreOptions.SEPARATE_CONNECTED_COMPONENTS, false);
            root.setProperty(LayeredOptions.LAYERING_STRATEGY, LayeringStrategy.INTERACTIVE);
            root.setProperty(LayeredOptions.CYCLE_BREAKING_STRATEGY, CycleBreakingStrategy.INTERACTIVE);
            root.setProperty(CoreOptions.EDGE_ROUTING, routed ? EdgeRouting.SPLINES : EdgeRouting.POLYLINE);
            root.setProperty(
                    LayeredOptions.NODE_PLACEMENT_STRATEGY,
                    routed ? NodePlacementStrategy.NETWORK_SIMPLEX : NodePlacementStrategy.SIMPLE);
            root.setProperty(LayeredOptions.THOROUGHNESS, routed ? 3 : 2);
            root.setProperty(LayeredOptions.SPACING_NODE_NODE, BLOCK_GAP);
            root.setProperty(LayeredOptions.SPACING_EDGE_EDGE, routed ? 3.0 : 0.0);
            root.setProperty(LayeredOptions.SPACING_EDGE_NODE, routed ? 5.0 : 0.0);
            root.setProperty(LayeredOptions.SPACING_NODE_NODE_BETWEEN_LAYERS, 24.0);
            root.setProperty(LayeredOptions.SPACING_EDGE_EDGE_BETWEEN_LAYERS, 3.0);
            root.setProperty(LayeredOptions.SPACING_EDGE_NODE_BETWEEN_LAYERS, 8.0);
        }

        /**
         * Rows at equal distances, blocks near their positions in ELK's layout, with space between them for the links.
         */
        private void pack() {
            double room = rows.values().stream()
                    .mapToDouble(row -> row.stream()
                                    .mapToDouble(block -> block.getWidth() + PACKED_GAP)
                                    .sum()
                            + PACKED_GAP)
                    .max()
                    .orElse(0);
            double scale = room / root.getWidth();
            double y = BLOCK_GAP;
            for (List<ElkNode> row : rows.values()) {
                row.sort(Comparator.comparingDouble(ElkNode::getX));
                double[] widths = row.stream().mapToDouble(ElkNode::getWidth).toArray();
                double[] wanted = row.stream()
                        .mapToDouble(b -> (b.getX() + b.getWidth() / 2) * scale - b.getWidth() / 2)
                        .toArray();
                double[] left = spread(wanted, widths, room);
                double[] right = mirrored(
                        spread(mirrored(wanted, widths, room), mirrored(widths), room), mirrored(widths), room);
                for (int i = 0; i < wanted.length; i++) {
                    // both keep their distances, so the middle does too, and it leans to neither side
                    row.get(i).setLocation((left[i] + right[i]) / 2, y);
                }
                y += row.get(0).getHeight() + ROW_GAP;
            }
            root.setDimensions(room, y - ROW_GAP + BLOCK_GAP);
        }

        /** Left ends, pushed to the right where they are too close, then back in where they passed the border. */
        private static double[] spread(double[] wanted, double[] widths, double room) {
            double[] x = wanted.clone();
            double border = PACKED_GAP;
            for (int i = 0; i < x.length; i++) {
                x[i] = Math.max(x[i], border);
                border = x[i] + widths[i] + PACKED_GAP;
            }
            border = room - PACKED_GAP;
            for (int i = x.length - 1; i >= 0; i--) {
                x[i] = Math.min(x[i], border - widths[i]);
                border = x[i] - PACKED_GAP;
            }
            return x;
        }

        private static double[] mirrored(double[] x, double[] widths, double room) {
            return IntStream.range(0, x.length)
                    .map(i -> x.length - 1 - i)
                    .mapToDouble(i -> room - x[i] - widths[i])
                    .toArray();
        }

        private static double[] mirrored(double[] widths) {
            return IntStream.range(0, widths.length)
                    .mapToDouble(i -> widths[widths.length - 1 - i])
                    .toArray();
        }

        private Box box(DrawnNode node) {
            if (graph.isCell(node)) {
                ElkNode block =
                        blocks.get(DrawnNode.head(node.layer(), node.head()).name());
                return new Box(block.getX() + cellX(node, block) + 1, block.getY(), CELL_WIDTH - 2, CELL_HEIGHT);
            }
            ElkNode block = blocks.get(node.name());
            double top = node.type() == NodeType.HEAD ? CELL_PITCH : 0;
            return new Box(block.getX(), block.getY() + top, block.getWidth(), block.getHeight() - top);
        }

        private Curve curve(Link link, List<Box> boxes, boolean routed) {
            Box from = boxes.get(link.from());
            Box to = boxes.get(link.to());
            if (routed && routes.containsKey(link)) {
                ElkEdgeSection section = routes.get(link).getSections().get(0);
                List<Curve.Point> bends = section.getBendPoints().stream()
                        .map(b -> new Curve.Point(b.getX(), b.getY()))
                        .toList();
                Curve route = Curve.spline(
                        new Curve.Point(section.getStartX(), section.getStartY()),
                        bends,
                        new Curve.Point(section.getEndX(), section.getEndY()));
                // shared keys and values end on their head's box, beside its Q cell
                return section.getEndY() < to.y() - 1 ? route.extended(to.y()) : route;
            }
            boolean inBlock = link.kind() == LinkKind.HEAD_INPUT && graph.isCell(node(link.from()));
            double end = inBlock ? from.centre() : to.centre();
            return Curve.falling(new Curve.Point(from.centre(), from.bottom()), new Curve.Point(end, to.y()));
        }
    }
}
