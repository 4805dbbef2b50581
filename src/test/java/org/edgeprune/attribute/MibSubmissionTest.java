package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.EapIgFile;
import org.edgeprune.graph.EapIgGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class MibSubmissionTest {
    private static final GraphShape GPT2 = new GraphShape(12, 12, 12, List.of("tok_embeds", "pos_embeds"), false);

    @TempDir
    private Path submission;

    private static EapIgFile scores(GraphShape shape) {
        EapIgGraph graph = new EapIgGraph(shape);
        float[] values = new float[graph.graph().edgeCount()];
        Random random = new Random(4);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new EapIgFile(graph, 768, values, Circuit.of(graph.graph(), new BitSet()));
    }

    @Test
    void scoresAreOneFile() {
        MibSubmission folder = new MibSubmission(submission.resolve("ioi_gpt2"));
        EapIgFile scores = scores(GPT2);
        List<Path> files = folder.writeScores(scores);
        assertEquals(List.of(submission.resolve("ioi_gpt2/importances.json")), files);
        assertEquals(1, folder.check());
        assertEquals(scores, EapIgFile.read(files.getFirst()));
        refuse("holds files already, such as importances.json", () -> folder.writeScores(scores));
    }

    @Test
    void circuitsAreNineFilesThatSortAndKeepToTheirSizes() throws IOException {
        MibSubmission folder = new MibSubmission(submission.resolve("ioi_gpt2"));
        EapIgFile scores = scores(GPT2);
        List<Path> files = folder.writeCircuits(scores, Ranking.SIGNED);
        assertEquals(files.stream().sorted().toList(), files);
        assertEquals(9, folder.check());
        EdgeScores values = EdgeScores.of(scores.graph().graph(), scores.scores());
        assertEquals(
                new Selection.Top(3249).from(values, Ranking.SIGNED).connected(),
                EapIgFile.read(files.get(6)).circuit());

        Files.move(files.get(8), submission.resolve("ioi_gpt2/0.json"));
        refuse("file 1 of nine has ", folder::check);
        Files.delete(files.get(0));
        refuse("has 8 files: the track takes one of scores, or nine of circuits", folder::check);
    }

    @Test
    void namesGraphsSizesAndScoresAreChecked() throws IOException {
        refuse(
                "the track has no task and model 'mcqa_gpt2': name the folder one of arc-challenge_llama3",
                () -> new MibSubmission(submission.resolve("mcqa_gpt2")));
        GraphShape other = new GraphShape(6, 8, 8, List.of("embeds"), false);
        Path folder = submission.resolve("ioi_gpt2");
        refuse("gpt2 has 32,491 edges, and these are 3,628", () -> new MibSubmission(folder)
                .writeScores(scores(other)));
        assertFalse(Files.exists(folder));

        Files.createDirectory(folder);
        Path file = folder.resolve("importances.json");
        scores(other).write(file);
        refuse("importances.json: gpt2 has 32,491 edges, and these are 3,628", new MibSubmission(folder)::check);
        Files.writeString(
                file,
                "{\"cfg\": {\"n_layers\": 12, \"n_heads\": 12, \"parallel_attn_mlp\": false, \"d_model\": 768},"
                        + " \"nodes\": {}, \"edges\": {\"input->m0\": {\"score\": NaN, \"in_graph\": false}}}");
        refuse("has an edge without a score", new MibSubmission(folder)::check);
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            large.setLength(50_000_000);
        }
        refuse(
                "is 50,000,000 bytes, and the track takes files of less than 50,000,000",
                new MibSubmission(folder)::check);
    }

    @Test
    void aSubmissionNeedsTwoTasksAndTwoModels() throws IOException {
        MibSubmission folder = new MibSubmission(submission.resolve("ioi_gpt2"));
        Files.createDirectory(folder.folder());
        assertTrue(folder.lacking()
                .orElseThrow()
                .endsWith("of the tasks ioi in the models gpt2: a submission needs two" + " tasks and two models"));
        Files.createDirectory(submission.resolve("mcqa_qwen2.5"));
        assertEquals(Optional.empty(), folder.lacking());
    }

    private static void refuse(String message, Executable action) {
        InputException e = assertThrows(InputException.class, action);
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }
}
