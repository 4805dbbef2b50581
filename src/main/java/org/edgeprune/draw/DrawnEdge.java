package org.edgeprune.draw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.io.InputException;

/**
 * One edge to draw, by name.
 *
 * @param writer {@code tok_embeds}, {@code pos_embeds}, {@code token_embeds}, {@code embeds}, {@code a3.h7} or
 *     {@code m3}
 * @param reader {@code a3.h7.q}, {@code a3.h7.k}, {@code a3.h7.v}, {@code m3} or {@code resid_post}
 * @param strength the edge's mask value, or {@link Double#NaN} where it is not known
 */
public record DrawnEdge(String writer, String reader, double strength) {
    public DrawnEdge(String writer, String reader) {
        this(writer, reader, Double.NaN);
    }

    /**
     * Reads an {@code edges.json} without its model: a list of {@code [writer, reader]} pairs, or of {@code [writer,
     * reader, mask]} triples.
     *
     * @throws InputException naming the file and the entry if it is anything else or a name is unknown
     */
    public static List<DrawnEdge> read(Path file) {
        JsonNode root;
        try {
            root = new ObjectMapper().readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw new InputException(
                    file + ": not JSON: " + e.getOriginalMessage() + ": expected a list of [writer, reader] pairs", e);
        } catch (NoSuchFileException e) {
            throw new InputException(file + ": not there; name an edges.json", e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + e, e);
        }
        if (!root.isArray()) {
            throw new InputException(file + ": not a JSON list: expected a list of [writer, reader] pairs");
        }
        List<DrawnEdge> edges = new ArrayList<>();
        for (int i = 0; i < root.size(); i++) {
            JsonNode entry = root.get(i);
            boolean pair = entry.isArray()
                    && entry.size() >= 2
                    && entry.get(0).isTextual()
                    && entry.get(1).isTextual();
            if (!pair || entry.size() > 3 || entry.size() == 3 && !entry.get(2).isNumber()) {
                throw new InputException(file + ": entry " + i + " is " + entry
                        + ": expected [writer, reader] or [writer, reader, mask]");
            }
            DrawnEdge edge = new DrawnEdge(
                    entry.get(0).textValue(),
                    entry.get(1).textValue(),
                    entry.size() == 3 ? entry.get(2).doubleValue() : Double.NaN);
            try {
                edge.ends();
            } catch (InputException e) {
                throw new InputException(file + ": entry " + i + ": " + e.getMessage(), e);
            }
            edges.add(edge);
        }
        return edges;
    }

    /** Both ends as nodes, writer first. */
    List<DrawnNode> ends() {
        DrawnNode from = DrawnNode.parse(writer, NodeType::isWriter, "writer");
        DrawnNode to = DrawnNode.parse(reader, NodeType::isReader, "reader");
        if (from.rank() >= to.rank()) {
            throw new InputException(writer + " is computed after " + reader + " reads, so this edge cannot exist");
        }
        return List.of(from, to);
    }
}
