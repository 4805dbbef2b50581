package org.edgeprune.eval;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.engine.Packing;
import org.edgeprune.task.Example;

/**
 * Writes the scores of a micro-batch for other ranks, which have the same examples.
 *
 * @param examples those of the evaluation, by their numbers
 */
record ScoredPacking(List<Example> examples) implements Packing<Map<Integer, Evaluation.Scored>> {
    @Override
    public byte[] pack(Map<Integer, Evaluation.Scored> result) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(result.size());
            for (Map.Entry<Integer, Evaluation.Scored> entry : result.entrySet()) {
                Evaluation.Scored scored = entry.getValue();
                out.writeInt(entry.getKey());
                write(out, scored.metrics());
                write(out, scored.fullModelMetrics());
                out.writeInt(scored.predicted().length);
                for (int token : scored.predicted()) {
                    out.writeInt(token);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory has none
        }
        return bytes.toByteArray();
    }

    /** In the order of the map, which is that of the results. */
    private static void write(DataOutputStream out, Map<String, Double> metrics) throws IOException {
        out.writeInt(metrics.size());
        for (Map.Entry<String, Double> metric : metrics.entrySet()) {
            out.writeUTF(metric.getKey());
            out.writeDouble(metric.getValue());
        }
    }

    @Override
    public Map<Integer, Evaluation.Scored> unpack(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            Map<Integer, Evaluation.Scored> result = new HashMap<>();
            for (int left = in.readInt(); left > 0; left--) {
                int number = in.readInt();
                Map<String, Double> metrics = readMetrics(in);
                Map<String, Double> fullModelMetrics = readMetrics(in);
                int[] predicted = new int[in.readInt()];
                for (int i = 0; i < predicted.length; i++) {
                    predicted[i] = in.readInt();
                }
                result.put(number, new Evaluation.Scored(examples.get(number), metrics, fullModelMetrics, predicted));
            }
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Double> readMetrics(DataInputStream in) throws IOException {
        Map<String, Double> metrics = new LinkedHashMap<>();
        for (int left = in.readInt(); left > 0; left--) {
            metrics.put(in.readUTF(), in.readDouble());
        }
        return metrics;
    }
}
